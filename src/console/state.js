/** The state of the page, which its parts share. */

export const page = {
  /** The result on the page. */
  shown: null,
  /** The id of a running test that this page started. It stops if the page disconnects. */
  ownTest: null,
  /** Aborts the request that the page waits for. */
  waiting: new AbortController(),
  /** The quotas of the key, as they were at sign-in. */
  quotas: [],
}

/** Returns the id of the test in the address of the page (`#/ID`). */
export const idInPage = () => /^#\/([\w-]+)$/.exec(location.hash)?.[1]

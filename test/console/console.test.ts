/**
 * The support console in a real browser: what it shows, how it is used by keyboard, and what it never runs. All tests
 * share one browser, since it starts slowly.
 */
import './tests/hostile.ts'
import './tests/results.ts'
import './tests/names.ts'
import './tests/mistakes.ts'
import './tests/again.ts'
import './tests/taking-away.ts'
import './tests/live.ts'
import './tests/later.ts'
import './tests/sign-in.ts'
import './tests/vantages.ts'
import './tests/sweeps.ts'

/** The part of Preact that the page uses. There is no bundler: the build copies Preact's own file to this place. */
export { type ComponentChildren, Fragment, h, type JSX, render } from 'preact'

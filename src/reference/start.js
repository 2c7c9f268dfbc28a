/** Starts Swagger UI on the document of this installation. It keeps a key only until the reader leaves the page. */
const dark = matchMedia('(prefers-color-scheme: dark)')
const show = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', show)
show()

/** Fixes for parts of Swagger UI that have no name, or that the keyboard cannot reach. The key is a selector. */
const FIXES = {
  '.examples-select-element': (select) => select.setAttribute('aria-label', 'Example'),
  '.body-param__text': (text) => text.setAttribute('aria-label', 'Request body'),
  'pre.microlight, .highlight-code pre': (code) => code.setAttribute('tabindex', '0'),
  '.close-modal': (button) => button.setAttribute('aria-label', 'Close the dialog'),
  // The text of a button is its name.
  '.modal-ux .btn[aria-label]': (button) => button.removeAttribute('aria-label'),
  // A link inside a button cannot be used. The button opens the same call.
  'button a[href]': (link) => link.removeAttribute('href'),
}

const reference = document.getElementById('reference')
new MutationObserver(() => {
  for (const [selector, fix] of Object.entries(FIXES)) for (const one of reference.querySelectorAll(selector)) fix(one)
}).observe(reference, { childList: true, subtree: true })

window.SwaggerUIBundle({
  url: '/openapi.json',
  domNode: reference,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // Its colours are readable on a dark background.
  syntaxHighlight: { theme: 'obsidian' },
  tryItOutEnabled: true,
})

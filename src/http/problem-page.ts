/** The pages that explain problems: HTML without scripts, made once from the catalogue. */
import { createHash } from 'node:crypto'
import { PROBLEM_HELP, type ProblemHelp } from '../contract/problem-help.ts'
import type { ProblemSlug } from '../contract/problems.ts'
import type { HtmlPage } from './page.ts'

const STYLE = `
:root { color-scheme: light dark; --line: #8886; --code: #8882; --link: light-dark(#0b57a4, #8ab8ff) }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 0 auto; padding: 1rem; background: Canvas; color: CanvasText }
a { color: var(--link) }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: var(--code); border-radius: .2em }
code { padding: 0 .2em; overflow-wrap: anywhere }
pre { padding: .7em; white-space: pre-wrap; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3em .6em .3em 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
tbody th { font-weight: normal }
`

/** The policy allows this one style, and no other style or script. */
const POLICY = [`style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`]

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Returns a text of the catalogue as HTML. Backticks mark code, and there is no other markup. */
const inline = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')

const pageOf = (title: string, body: string): HtmlPage => ({
  type: 'text/html; charset=utf-8',
  policy: POLICY,
  content: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<nav><a href="/problems">All problems</a> · <a href="/docs">API reference</a> · <a href="/">Console</a></nav>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`,
})

/** The page of each problem. */
export const PROBLEM_PAGES: ReadonlyMap<string, HtmlPage> = new Map(
  [...PROBLEM_HELP].map(([slug, help]) => [slug, pageOf(help.title, helpText(slug, help))]),
)

/** The page that lists all problems. */
export const PROBLEMS_PAGE: HtmlPage = pageOf(
  'What the errors of this service mean',
  `<table>
<thead><tr><th scope="col">Problem</th><th scope="col">Status</th><th scope="col">What to do</th></tr></thead>
<tbody>
${[...PROBLEM_HELP].map(rowOf).join('\n')}
</tbody>
</table>`,
)

function rowOf([slug, { help, title, status, fix }]: [ProblemSlug, ProblemHelp]): string {
  const name = `<a href="${help}"><code>${slug}</code></a><br>${escaped(title)}`
  return `<tr><th scope="row">${name}</th><td>${status}</td><td>${inline(fix)}</td></tr>`
}

function helpText(slug: ProblemSlug, { status, meaning, fix, again, example }: ProblemHelp): string {
  return `<p><code>${slug}</code>, HTTP status ${status}</p>
<h2>What it means</h2>
<p>${inline(meaning)}</p>
<h2>What to do</h2>
<p>${inline(fix)}</p>
<p>May the same request be sent again? ${inline(again)}.</p>
<h2>An answer of this kind</h2>
<pre tabindex="0">${escaped(JSON.stringify(example, null, 2))}</pre>
<p>Programs decide by <code>type</code>, which never changes. Include <code>instance</code> when you ask us.</p>`
}

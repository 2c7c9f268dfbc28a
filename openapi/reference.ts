/** The API reference as one HTML page that can be read without a network, a script or a server. */
import { apiDocument, type Operation, type Schema } from './document.ts'

/** Returns the page for an OpenAPI document. Throws if the document lacks a part that the page needs. */
export function referencePage(source: unknown): string {
  const { info, tags, paths, components } = apiDocument.parse(source)
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const ofTag = (name: string) => all.filter(({ operation }) => operation.tags.includes(name))
  const contents = tags.map(
    ({ name }) =>
      `<li>${escaped(name)}<ul>${ofTag(name)
        .map(({ method, path, operation }) => `<li>${link(operation.operationId, `${method} ${path}`)}</li>`)
        .join('')}</ul></li>`,
  )
  const schemas = Object.entries(components.schemas)
  const schemaLinks = schemas.map(([name]) => `<li>${link(name, name)}</li>`)
  const sections = tags.map(
    ({ name, description }) => `<section>
<h2>${escaped(name)}</h2>
${prose(description)}
${ofTag(name).map(operationOf).join('\n')}
</section>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(info.title)} ${escaped(info.version)}: API reference</title>
<style>
${STYLE}
</style>
</head>
<body>
<header>
<h1>${escaped(info.title)}: API reference</h1>
<p>Version ${escaped(info.version)}</p>
${prose(info.description)}
</header>
<nav aria-label="Contents">
<ul>${contents.join('')}<li>Schemas<ul>${schemaLinks.join('')}</ul></li></ul>
</nav>
<main>
${sections.join('\n')}
<section>
<h2>Schemas</h2>
${schemas.map(([name, one]) => `<article id="${name}">\n<h3>${name}</h3>\n${schemaOf(one)}\n</article>`).join('\n')}
</section>
</main>
</body>
</html>
`
}

function operationOf({ method, path, operation }: { method: string; path: string; operation: Operation }): string {
  const { operationId, summary, description, security, parameters = [], requestBody, responses } = operation
  const given = parameters.map(({ name, in: place, required, description: about, schema: one }) => [
    `<code>${escaped(name)}</code>${required ? '' : ' (optional)'}`,
    escaped(place),
    `${typeOf(one)}${about ? `. ${inline(about)}` : ''}`,
  ])
  const answers = Object.entries(responses).map(
    ([status, { description: about, headers = {}, content: bodies = {} }]) => [
      status,
      inline(about),
      Object.entries(bodies)
        .map(([type, body]) => `<code>${escaped(type)}</code> ${typeOf(body.schema)}`)
        .join('<br>'),
      Object.keys(headers)
        .map((name) => `<code>${escaped(name)}</code>`)
        .join(' '),
    ],
  )
  return `<article id="${operationId}">
<h3><code>${method} ${escaped(path)}</code> ${escaped(summary)}</h3>
${description ? prose(description) : ''}
${security === undefined ? '' : '<p>No key is needed.</p>'}
${given.length > 0 ? table('Parameters', ['Name', 'In', 'Description'], given) : ''}
${
  requestBody
    ? `<p>Body: ${Object.values(requestBody.content)
        .map((body) => typeOf(body.schema))
        .join(', ')}</p>`
    : ''
}
${table('Responses', ['Status', 'Meaning', 'Body', 'Headers'], answers)}
${examplesOf(responses)}
</article>`
}

const examplesOf = (responses: Operation['responses']): string =>
  Object.entries(responses)
    .flatMap(([status, { content: bodies = {} }]) =>
      Object.values(bodies).flatMap(({ examples = {} }) =>
        Object.entries(examples).map(
          ([name, { summary = name, value }]) =>
            `<details><summary>Example of ${status}: ${escaped(summary)}</summary><pre>${escaped(JSON.stringify(value, null, 2))}</pre></details>`,
        ),
      ),
    )
    .join('\n')

function schemaOf(one: Schema): string {
  const about = one.description ? prose(one.description) : ''
  const rows = membersOf(one, '')
  if (rows.length === 0) return `${about}<p>${typeOf(one)}</p>`
  return `${about}${table('Members', ['Member', 'Type', 'Description'], rows)}`
}

/** Returns a table row for each member. Members of inner objects have their path as the name. */
function membersOf(one: Schema, prefix: string): string[][] {
  const { properties = {}, required = [] } = one
  const own = Object.entries(properties).flatMap(([name, member]) => {
    const path = `${prefix}${name}`
    const optional = required.includes(name) ? '' : ' (optional)'
    return [
      [`<code>${escaped(path)}</code>${optional}`, typeOf(member), inline(member.description ?? '')],
      ...inside(member, path),
    ]
  })
  const alternatives = (one.oneOf ?? one.anyOf ?? []).flatMap((other) => membersOf(other, prefix))
  return [...own, ...alternatives]
}

const inside = (member: Schema, path: string): string[][] =>
  member.items ? inside(member.items, `${path}[]`) : membersOf(member, `${path}.`)

/** Returns the type of a value in a few words, with the values that are allowed. */
function typeOf(one: Schema): string {
  const { $ref, anyOf, oneOf, items, additionalProperties } = one
  if ($ref) {
    const name = $ref.split('/').at(-1) ?? ''
    return link(name, name)
  }
  const options = anyOf ?? oneOf
  // An `anyOf` next to a type only adds details, which detailsOf shows.
  if (options && one.type === undefined) return [...new Set(options.map(typeOf))].join(' or ')
  if (one.const !== undefined) return code(one.const)
  const words = one.enum ? one.enum.map(code).join(' ') : [one.type ?? 'anything'].flat().map(escaped).join(' or ')
  const several = items ? ` of ${typeOf(items)}` : ''
  const values = typeof additionalProperties === 'object' ? ` of ${typeOf(additionalProperties)}` : ''
  return `${words}${several}${values}${detailsOf(one)}`
}

function detailsOf({ anyOf, format, minimum, maximum, pattern, default: fallback, examples }: Schema): string {
  const formats = [format, ...(anyOf ?? []).map((one) => one.format)].filter((one) => one !== undefined)
  const bounded = [minimum, maximum].every((bound) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER)
  return [
    formats.length > 0 ? formats.map(escaped).join(' or ') : '',
    bounded ? `${minimum} to ${maximum}` : '',
    pattern ? `matching ${code(pattern)}` : '',
    fallback === undefined ? '' : `default ${code(fallback)}`,
    examples ? `such as ${examples.map(code).join(', ')}` : '',
  ]
    .filter(Boolean)
    .map((text) => `, ${text}`)
    .join('')
}

const table = (caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): string => `<table>
<caption>${caption}</caption>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>
${rows.map(([first = '', ...rest]) => `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')}
</tbody>
</table>`

const link = (id: string, text: string): string => `<a href="#${id}">${escaped(text)}</a>`

const code = (value: unknown): string =>
  `<code>${escaped(typeof value === 'string' ? value : JSON.stringify(value))}</code>`

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Turns a text of the contract into HTML. Backticks mark code, and there is no other markup. */
const inline = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')

const prose = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${inline(paragraph)}</p>`)
    .join('\n')

const STYLE = `:root { color-scheme: light dark; --line: #8886; --code: #8882; --link: light-dark(#0b57a4, #8ab8ff) }
html { background: Canvas; color: CanvasText }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem }
a { color: var(--link) }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: var(--code); border-radius: .2em }
code { padding: 0 .2em; overflow-wrap: anywhere }
pre { padding: .7em; white-space: pre-wrap; overflow-wrap: anywhere }
article { border-top: 1px solid var(--line); margin-top: 2rem; overflow-x: auto }
h3 code { background: none; padding: 0; margin-right: .6em }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
caption { text-align: left; font-weight: 600 }
th, td { text-align: left; vertical-align: top; padding: .3em .6em .3em 0; border-bottom: 1px solid var(--line) }
tbody th { font-weight: normal }
nav > ul { columns: 16rem; list-style: none; padding: 0 }
nav li { break-inside: avoid }`

/** Makes a large customers file. Each customer has a domain and `each` networks; every fourth network is IPv6. */
export function customersYamlOf(networks: number, each: number): string {
  const lines = Array.from({ length: Math.ceil(networks / each) }, (_, customer) => {
    const from = customer * each
    const own = Array.from({ length: Math.min(each, networks - from) }, (_, index) => networkOf(from + index))
    return `  - { id: c${customer}, name: Customer ${customer}, networks: [${own.join(', ')}], domains: [c${customer}.example.com] }\n`
  })
  return `customers:\n${lines.join('')}`
}

/** Returns the n-th network of such a file. */
export const networkOf = (n: number): string => (n % 4 === 3 ? `'${prefixOf(n)}:/48'` : `${prefixOf(n)}.0/24`)

/** Returns an address in the n-th network of such a file. */
export const addressIn = (n: number): string => (n % 4 === 3 ? `${prefixOf(n)}:25` : `${prefixOf(n)}.25`)

function prefixOf(n: number): string {
  const [high, low] = [n >> 16, n & 0xffff]
  return n % 4 === 3 ? `2600:${high.toString(16)}:${low.toString(16)}:` : `${60 + high}.${low >> 8}.${low & 255}`
}

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Every `@example` of the library, with the file it stands in. */
export async function docstringExamples(): Promise<[where: string, code: string][]> {
  const entries = await readdir('src', { withFileTypes: true, recursive: true })
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const examples: [string, string][] = []
  // the CLI's own helpers are not public
  for (const file of files.filter((path) => !path.includes('generated') && !path.includes('cli')).sort()) {
    const text = await readFile(file, 'utf8')
    for (const match of text.matchAll(/@example\n((?:\s*\*(?!\/).*\n)+)/g)) {
      examples.push([file, match[1]!.replace(/^\s*\* ?/gm, '')])
    }
    // one line: an expression, and its value if that is a number
    for (const match of text.matchAll(/@example (.+?)(?: \/\/ (.*))?\n/g)) {
      const [, expression, value] = match
      examples.push([
        file,
        /^[0-9]/.test(value ?? '') ? `expect(${expression}).toBe(${value})` : `void (${expression})`,
      ])
    }
  }
  return examples
}

import { parseArgs } from 'node:util'
import { generateLanding } from './generate-landing.js'

const usage = `Writes a landing zone like the shop's, and prints what was planted in it as JSON.

  node dist/main.js --out FOLDER [--scale N] [--seed N] [--customers N] [--transactions N]
`

function main(): number {
  try {
    const { values } = parseArgs({
      options: {
        out: { type: 'string' },
        scale: { type: 'string' },
        seed: { type: 'string' },
        customers: { type: 'string' },
        transactions: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) {
      process.stdout.write(usage)
      return 0
    }
    if (values.out === undefined) throw new RangeError('--out FOLDER is missing')
    const manifest = generateLanding({
      out: values.out,
      ...numberOption('scale', values.scale),
      ...numberOption('seed', values.seed),
      ...numberOption('customers', values.customers),
      ...numberOption('transactions', values.transactions),
    })
    process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`)
    return 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
}

function numberOption(name: string, text: string | undefined): Record<string, number> {
  if (text === undefined) return {}
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new RangeError(`--${name} must be a number, not "${text}"`)
  return { [name]: value }
}

process.exitCode = main()

/*
 * Which segment is a customer of? Nearest means in Node alone: rows come as Arrow columns, predictions go back as a Delta table.
 *
 * usage: node docs/training/segments.mjs LAKE [VERSION]
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { toArrowBatch } from '@deltaworks/columnar'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { col } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { field, float64, schema, string } from '@deltaworks/schema'

const [lake, version] = process.argv.slice(2)
const root = pathToFileURL(resolve(lake)).href
const session = Session.create()
try {
  const newest = await DeltaTable.open(session, `${root}/analytics/customer_segments`)
  // A version names the very rows for ever: keep it with the model.
  const table = version === undefined ? newest : await newest.at({ version: Number(version) })
  const names = ['total_spent', 'order_count', 'unique_products']
  const numbers = names.map((name) => col(name).cast(float64).as(name))
  const rows = scan(table.provider()).select(col('customer_name'), col('customer_segment'), ...numbers)

  const customers = []
  for await (const rowBatch of session.stream(rows)) {
    const batch = await toArrowBatch(session.context.heap, rowBatch)
    const columns = names.map((name) => batch.getChild(name))
    for (let row = 0; row < batch.numRows; row++) {
      customers.push({
        name: batch.getChild('customer_name').get(row),
        segment: batch.getChild('customer_segment').get(row),
        point: columns.map((column) => Math.log1p(Math.max(0, column.get(row) ?? 0))),
      })
    }
  }

  const mean = (points) => points[0].map((_, i) => points.reduce((sum, point) => sum + point[i], 0) / points.length)
  const centre = mean(customers.map(({ point }) => point))
  const spread = centre.map((of, i) =>
    Math.sqrt(customers.reduce((sum, { point }) => sum + (point[i] - of) ** 2, 0) / customers.length),
  )
  for (const customer of customers) customer.point = customer.point.map((x, i) => (x - centre[i]) / (spread[i] || 1))

  const segments = [...new Set(customers.map(({ segment }) => segment))].sort()
  const distance = (a, b) => a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0)
  // Each customer is told by means that it had no part in.
  const told = customers.map((customer) => {
    const means = segments.map((segment) => {
      const others = customers.filter((other) => other !== customer && other.segment === segment)
      return {
        segment,
        far: others.length === 0 ? Infinity : distance(customer.point, mean(others.map((o) => o.point))),
      }
    })
    return means.reduce((best, next) => (next.far < best.far ? next : best))
  })

  const predictions = values(
    schema([field('customer_name', string), field('predicted_segment', string), field('distance', float64)]),
    customers.map(({ name }, i) => [name, told[i].segment, told[i].far]),
  )
  const written = await DeltaTable.createOrOverwrite(session, `${root}/ml/segment_predictions_node`, predictions)
  const share = (count) => Math.round((count / customers.length) * 10_000) / 10_000
  const commonest = Math.max(...segments.map((s) => customers.filter(({ segment }) => segment === s).length))
  console.log(
    JSON.stringify({
      customers: customers.length,
      accuracy: share(customers.filter(({ segment }, i) => segment === told[i].segment).length),
      always_the_commonest: share(commonest),
      from: table.version,
      version: written.version,
    }),
  )
} finally {
  await session.close()
}

import { stepText, type LoadScript } from './load-script.js'
import type { LoadPlan } from './plan-export.js'

/** The statements that the export would run, in order. */
export const formatPlan = ({ loads, unchanged, location, dialect }: LoadPlan): string => {
  const phase = (of: (script: LoadScript) => LoadScript['load'], titled: boolean) =>
    loads.flatMap(({ table, load, script }) => {
      const texts = of(script).map(stepText)
      const from = load.fromVersion === null ? '' : ` after ${load.fromVersion}`
      const notes = dialect.notes?.(load.definition).map((note) => `--   ${note.replaceAll('\n', ' ')}`) ?? []
      return titled
        ? [`-- ${table.name}, version ${table.deltaVersion}${from}, ${load.mode}`, ...notes, ...texts]
        : texts
    })
  return [
    `-- ${location}: ${loads.length} tables to load, ${unchanged.length} unchanged`,
    ...unchanged.map(({ table, record }) => `-- ${table.name}: version ${record.deltaVersion} is loaded already`),
    ...phase((script) => script.stage, false),
    ...(loads.length === 0 ? [] : ['BEGIN TRANSACTION;']),
    ...phase((script) => script.load, true),
    ...(loads.length === 0 ? [] : ['COMMIT;']),
    ...phase((script) => script.maintain, false),
    ...phase((script) => script.cleanUp, false),
    '',
  ].join('\n')
}

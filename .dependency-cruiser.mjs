/**
 * The house's arrows (ARCHITECTURE.md) as rules: for each package, the packages that it may import. External libraries are
 * fenced the same way: each sits behind the one package that owns it.
 */
const arrows = {
  schema: [],
  expression: ['schema'],
  storage: ['schema'],
  columnar: ['schema', 'expression'],
  formats: ['schema', 'expression', 'storage', 'columnar'],
  plan: ['schema', 'expression'],
  engine: ['schema', 'expression', 'storage', 'columnar', 'formats', 'plan'],
  'delta-log': ['schema', 'expression', 'storage', 'columnar', 'formats'],
  'delta-table': ['schema', 'expression', 'storage', 'columnar', 'formats', 'plan', 'engine', 'delta-log'],
  quality: ['schema', 'expression', 'plan', 'engine'],
  warehouse: ['schema', 'storage', 'columnar', 'formats'],
  lakehouse: [
    'schema',
    'expression',
    'storage',
    'columnar',
    'formats',
    'plan',
    'engine',
    'delta-log',
    'delta-table',
    'quality',
    'warehouse',
  ],
  retail: ['schema', 'expression', 'plan', 'quality', 'lakehouse'],
  telemetry: [],
}

const fences = {
  piscina: ['engine'],
  'apache-arrow': ['columnar'],
  'parquet-wasm': ['formats'],
  'fast-csv': ['formats', 'warehouse'],
  'libpg-query': ['plan'],
  '@duckdb/node-api': ['warehouse'],
  pg: ['warehouse'],
  'pg-copy-streams': ['warehouse'],
  '@aws-sdk/client-redshift-data': ['warehouse'],
  'snowflake-sdk': ['warehouse'],
  commander: ['cli'],
  zod: ['lakehouse', 'retail'],
  '@aws-sdk/client-(cloudwatch|secrets-manager|sesv2|sns|ssm)': ['telemetry'],
  '@aws-sdk/(?!client-(redshift-data|cloudwatch|secrets-manager|sesv2|sns|ssm)/)[^/]+': ['storage'],
  '@opentelemetry/[^/]+': ['telemetry'],
  pino: ['telemetry'],
  nodemailer: ['telemetry'],
}

const tests = '\\.test\\.ts$|/testing(/|\\.ts$)'

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Types may refer to each other, and so may the binders of a recursive grammar and of nested columns.',
      severity: 'error',
      from: { pathNot: '^packages/plan/src/sql/|^packages/formats/src/parquet/(assemble|variant-column)' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-reaching-inside',
      comment: "Packages are used through their public face, never by another package's files.",
      severity: 'error',
      from: { path: '^(packages|apps|tools)/([^/]+)/' },
      to: { path: '^(packages|apps|tools)/[^/]+/src/', pathNot: '^$1/$2/' },
    },
    ...Object.entries(arrows).map(([name, allowed]) => ({
      name: `arrows-of-${name}`,
      severity: 'error',
      from: { path: `^packages/${name}/src/`, pathNot: tests },
      to: {
        path: '^(packages|apps|tools)/',
        pathNot: `^packages/(${[name, ...allowed].join('|')})/`,
      },
    })),
    {
      name: 'telemetry-by-apps-only',
      severity: 'error',
      from: { path: '^packages/(?!telemetry)' },
      to: { path: '^packages/telemetry/' },
    },
    ...Object.entries(fences).map(([library, owners]) => ({
      name: `fence-of-${library}`,
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/(${[...owners, '-'].join('|')})/|${tests}` },
      to: { path: `node_modules/${library}/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '/(dist|assembly)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
}

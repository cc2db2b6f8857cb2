import { createProgram, runProgram } from '@deltaworks/cli'
import { duckDbCommand } from './duckdb-command.js'
import { postgresCommand } from './postgres-command.js'

const abort = new AbortController()
const program = createProgram('deltaworks-export', 'Carries the star schema and the analytics tables into a warehouse.')
program.addCommand(duckDbCommand())
program.addCommand(postgresCommand())

void runProgram(program, abort)

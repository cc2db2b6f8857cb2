import { createProgram, runProgram } from '@deltaworks/cli'
import { duckDbCommand } from './duckdb-command.js'

const abort = new AbortController()
const program = createProgram('deltaworks-export', 'Carries the star schema and the analytics tables into a warehouse.')
program.addCommand(duckDbCommand())

void runProgram(program, abort)

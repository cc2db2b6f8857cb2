import { createProgram, runProgram } from '@deltaworks/cli'
import { duckDbCommand } from './duckdb-command.js'
import { postgresCommand } from './postgres-command.js'
import { redshiftCommand } from './redshift-command.js'
import { snowflakeCommand } from './snowflake-command.js'

const abort = new AbortController()
const program = createProgram('deltaworks-export', 'Carries the star schema and the analytics tables into a warehouse.')
program.addCommand(duckDbCommand())
program.addCommand(postgresCommand())
program.addCommand(redshiftCommand())
program.addCommand(snowflakeCommand())

void runProgram(program, abort)

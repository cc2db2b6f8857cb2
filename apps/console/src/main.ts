import { createProgram, runProgram } from '@deltaworks/cli'
import { describeCommand, historyCommand, tablesCommand } from './catalog-commands.js'
import { changesCommand } from './changes-command.js'
import { readCommand } from './read-command.js'
import { sqlCommand } from './sql-command.js'

const abort = new AbortController()
const program = createProgram('deltaworks-console', 'Query tables and look at them.')
program.addCommand(sqlCommand(abort.signal))
program.addCommand(readCommand(abort.signal))
program.addCommand(changesCommand(abort.signal))
program.addCommand(tablesCommand())
program.addCommand(describeCommand())
program.addCommand(historyCommand())

void runProgram(program, abort)

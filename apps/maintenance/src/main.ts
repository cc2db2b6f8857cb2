import { createProgram, runProgram } from '@deltaworks/cli'
import { checkpointCommand, optimizeCommand, vacuumCommand } from './commands.js'
import { logCommand } from './log-command.js'
import { runCommand } from './run-command.js'

const abort = new AbortController()
const program = createProgram(
  'deltaworks-maintenance',
  'Keeps tables fast and small: OPTIMIZE, ZORDER, VACUUM, checkpoints.',
)
program.addCommand(optimizeCommand('optimize', abort.signal))
program.addCommand(optimizeCommand('zorder', abort.signal))
program.addCommand(vacuumCommand(abort.signal))
program.addCommand(checkpointCommand(abort.signal))
program.addCommand(runCommand(abort.signal))
program.addCommand(logCommand())

void runProgram(program, abort)

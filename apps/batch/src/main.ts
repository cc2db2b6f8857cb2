import { createProgram, runProgram } from '@deltaworks/cli'
import { accessCommand } from './access-command.js'
import { alertsCommand } from './alerts-command.js'
import { backfillCommand } from './backfill-command.js'
import { configCommand } from './config-command.js'
import { graphCommand } from './graph-command.js'
import { historyCommand } from './history-command.js'
import { inferCommand } from './infer-command.js'
import { planCommand } from './plan-command.js'
import { promoteCommand } from './promote-command.js'
import { publishCommand } from './publish-command.js'
import { quarantineCommand } from './quarantine-command.js'
import { replayCommand } from './replay-command.js'
import { reprocessCommand } from './reprocess-command.js'
import { resumeCommand, runCommand } from './run-command.js'
import { validateCommand } from './validate-command.js'

const abort = new AbortController()
const program = createProgram(
  'deltaworks-batch',
  'Landing files to raw, processed and analytics Delta tables, with quality gates between the layers.',
)
program.addCommand(runCommand(abort.signal))
program.addCommand(resumeCommand(abort.signal))
program.addCommand(backfillCommand(abort.signal))
program.addCommand(planCommand(abort.signal))
program.addCommand(reprocessCommand(abort.signal))
program.addCommand(validateCommand(abort.signal))
program.addCommand(inferCommand(abort.signal))
program.addCommand(quarantineCommand(abort.signal))
program.addCommand(configCommand())
program.addCommand(accessCommand())
program.addCommand(alertsCommand())
program.addCommand(graphCommand())
program.addCommand(publishCommand())
program.addCommand(promoteCommand())
program.addCommand(historyCommand())
program.addCommand(replayCommand(abort.signal))

void runProgram(program, abort)

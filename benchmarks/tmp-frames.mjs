import { Session } from '@deltaworks/engine'
import { loadConfiguration, runLakehouse } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { generateLanding } from '@deltaworks/sample-data'
import { rmSync, existsSync } from 'node:fs'
const f='/root/h/tmp/w10/frames'
if(!existsSync(f+'/landing')) generateLanding({ out: f+'/landing', scale: 350 })
const configuration = loadConfiguration(retail.environments, 'dev', retail.configuration)
for (const frameBytes of [0, undefined, 0, undefined]) {
  rmSync(f+'/lake',{recursive:true,force:true})
  const session = Session.create()
  const c0=process.cpuUsage(), t0=performance.now()
  const r = await runLakehouse({ lakehouse: retail, configuration, session, root:'file://'+f+'/lake', landing:'file://'+f+'/landing', nowMicros: 1_767_225_600_000_000n, ...(frameBytes===undefined?{}:{frameBytes}) })
  const c=process.cpuUsage(c0)
  console.log(frameBytes, r.status, Math.round(performance.now()-t0), 'ms cpu', Math.round((c.user+c.system)/1000), JSON.stringify(r.reuse), r.steps.filter(s=>s.kind==='build').map(s=>s.table+':'+Math.round(s.endMs-s.startMs)).join(' '))
  await session.close()
}
rmSync(f+'/lake',{recursive:true,force:true})

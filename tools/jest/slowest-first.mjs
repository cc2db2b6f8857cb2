import Sequencer from '@jest/test-sequencer'

/** What the paths of files contain that take ten seconds or more: those that come last have nobody beside them. */
const slow = [
  '/apps/',
  '/tools/demo/',
  '/warehouse/src/targets/',
  'generated-definitions',
  'check-model',
  'conformance',
  'hostile',
  '.fault.test',
  'unpack.test',
  'remote-store',
  's3-store',
  'concurrent-runs',
  '/engine/src/determinism',
  '/engine/src/leaks',
  '/engine/src/spill',
  '/engine/src/workers',
  'mutation',
]

/** Where nothing is known of former runs, as in a clean checkout, Jest goes by the size of files alone. */
export default class SlowestFirst extends Sequencer {
  sort(tests) {
    const isSlow = ({ path }) => slow.some((part) => path.includes(part))
    const sorted = super.sort(tests)
    return [...sorted.filter(isSlow), ...sorted.filter((test) => !isSlow(test))]
  }
}

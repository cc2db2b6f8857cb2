import { openStore } from '@deltaworks/storage'
import { decodeJson, encodeJson, numberedPath, numberOfPath } from '../runs/numbered-objects.js'
import { operationsPath } from '../runs/operations-path.js'
import type { AlertVerdict } from './alert-verdict.js'

const ledgerPath = `${operationsPath}/alerts`

/** Trouble that lasts, or whose end has not been told yet. */
export interface OpenAlert extends AlertVerdict {
  readonly sinceMs: number
  /** When it was last told, by channel. */
  readonly toldMs: Readonly<Record<string, number>>
  /** Being told now, by channel: since when. Whoever died over it is taken for not having told. */
  readonly tellingMs: Readonly<Record<string, number>>
}

export interface AlertLedger {
  readonly formatVersion: 1
  readonly alerts: readonly OpenAlert[]
}

const empty: AlertLedger = { formatVersion: 1, alerts: [] }

/** What is known of trouble in this lake. */
export async function readAlertLedger(root: string): Promise<AlertLedger> {
  const store = openStore(root)
  const last = (await store.list(ledgerPath)).at(-1)
  return last === undefined ? empty : (decodeJson(await store.get(last.path)) as AlertLedger)
}

/**
 * Changes the ledger by one put-if-absent, again if somebody else changed it meanwhile: of runs at the same time one tells.
 * @param change gives the next ledger and what the caller is to know; a ledger that stays the same object is not written
 */
export async function changeAlertLedger<T>(
  root: string,
  change: (ledger: AlertLedger) => { readonly ledger: AlertLedger; readonly outcome: T },
): Promise<T> {
  const store = openStore(root)
  for (;;) {
    const listing = await store.list(ledgerPath)
    const last = listing.at(-1)
    const current = last === undefined ? empty : (decodeJson(await store.get(last.path)) as AlertLedger)
    const { ledger, outcome } = change(current)
    if (ledger === current) return outcome
    const path = numberedPath(ledgerPath, last === undefined ? 1 : numberOfPath(last.path) + 1)
    if ((await store.put(path, encodeJson(ledger), 'create')) === 'exists') continue
    const old = listing.slice(0, -1).map((object) => object.path)
    if (old.length > 0) await store.delete(old)
    return outcome
  }
}

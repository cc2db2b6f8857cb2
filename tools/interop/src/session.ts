import { Session } from '@deltaworks/engine'
import { ReferenceSession } from '@deltaworks/delta-table/testing'
import type { TableSession } from '@deltaworks/delta-table'

export type ClosableSession = TableSession & { close?: () => Promise<void> }

/** The engine; with `--reference` the slow executor of the tests, to tell whose fault a difference is. */
export const openSession = (reference: boolean): ClosableSession =>
  reference ? new ReferenceSession() : Session.create()

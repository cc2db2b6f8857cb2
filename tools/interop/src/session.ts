import type { TableSession } from '@deltaworks/delta-table'
import { ReferenceSession } from '@deltaworks/delta-table/testing'

export type ClosableSession = TableSession & { close?: () => Promise<void> | void }

export const openSession = async (): Promise<ClosableSession> => new ReferenceSession()

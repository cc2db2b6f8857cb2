import * as z from 'zod/mini'

const amount = z.string().check(z.regex(/^\d+(\.\d{1,2})?$/, 'an amount such as "5000" or "5000.00" is wanted'))
const share = z.number().check(z.minimum(0), z.maximum(1))

/**
 * What the shop may decide without touching code. Money is written as text, so that it stays exact.
 * The defaults settle where the design contradicts itself (docs/features/choices.md, S-1 to S-10).
 */
export const retailConfiguration = z.strictObject({
  businessRules: z.strictObject({
    /** Share of a refund that is kept. */
    restockingFeeRate: z.string().check(z.regex(/^0\.\d{1,4}$/, 'a rate such as "0.10" is wanted')),
    /** A transaction of at least this absolute amount is a large order. */
    largeOrderAmount: amount,
  }),
  segments: z.strictObject({
    /** Total spent from which a customer is High. */
    high: amount,
    /** Total spent from which a customer is Medium; below it Low. */
    medium: amount,
  }),
  quality: z.strictObject({
    customerCompleteness: share,
    transactionCompleteness: share,
    orphanedTransactions: share,
    anomalousTransactions: share,
    validEmails: share,
    /** Whether too many orphaned transactions stop the run. */
    orphansAreCritical: z.boolean(),
  }),
  /** Product family (what stands before `_` in a product code) → how people call it. */
  productFamilies: z.record(z.string(), z.strictObject({ name: z.string(), productLine: z.string() })),
  /** Families that no entry names. */
  unknownFamily: z.strictObject({ name: z.string(), productLine: z.string() }),
  /** Status by transaction type: no source holds one. */
  status: z.strictObject({ sale: z.string(), refund: z.string() }),
  /** Part of a customer file's name → the country of its customers. */
  customerCountries: z.record(z.string(), z.string()),
  /** How many customers `top_customers` keeps. */
  topCustomers: z.int().check(z.positive()),
})

export type RetailConfiguration = z.infer<typeof retailConfiguration>

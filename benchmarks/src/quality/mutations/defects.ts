/** A defect of one line, and where it must be found. */
export interface Defect {
  readonly kind: string
  readonly table: 'transactions' | 'customers'
  /** The rule that must name the line; of lines that cannot be read, what must be in the reason. */
  readonly rule: string
  readonly disposition: 'refused' | 'flagged'
  /** The line as it is landed, of a line without a defect. `repeated`: it is landed as it is, once more, as the last line. */
  apply(fields: readonly string[], i: number): readonly string[] | 'repeated'
}

const ofTransactions = (
  kind: string,
  rule: string,
  apply: Defect['apply'],
  disposition: Defect['disposition'] = 'refused',
): Defect => ({ kind, table: 'transactions', rule, disposition, apply })

const set =
  (place: number, ...values: readonly string[]): Defect['apply'] =>
  (fields, i) =>
    fields.with(place, values[i % values.length]!)

/** Places: 0 order, 1 quantity, 3 amount, 4 date, 8 product, 20 size; the last field but one of a customer is the address. */
export const defects: readonly Defect[] = [
  ofTransactions('no order number', 'complete:order_number', set(0, '')),
  ofTransactions('no quantity', 'complete:quantity', set(1, '')),
  ofTransactions('no amount', 'complete:total_amount', set(3, '')),
  ofTransactions('no date', 'complete:order_date', set(4, '')),
  ofTransactions('no product', 'complete:product_code', set(8, '')),
  ofTransactions('amount of zero', 'amount_is_not_zero', set(3, '0', '0.00', '-0')),
  ofTransactions('quantity below one', 'positive:quantity', set(1, '0', '-3')),
  ofTransactions('line sent twice', 'order_line_is_unique', () => 'repeated'),
  ofTransactions('unknown size', 'contained:deal_size', set(20, 'Huge', 'small', 'S'), 'flagged'),
  ofTransactions('wrong decimal', 'well_formed', set(3, '12.5.7', 'n/a', '1,234.50', '1e')),
  ofTransactions('impossible date', 'well_formed', set(4, '13/45/2023 0:00', '2/30/2023 0:00', 'yesterday')),
  ofTransactions('swapped columns', 'well_formed', (fields) => fields.with(1, fields[8]!).with(8, fields[1]!)),
  ofTransactions('field too few', 'well_formed', (fields) => fields.slice(0, -1)),
  ofTransactions('field too many', 'well_formed', (fields) => [...fields, 'surplus']),
  {
    kind: 'bad e-mail address',
    table: 'customers',
    rule: 'email:email',
    disposition: 'flagged',
    apply: (fields, i) =>
      fields.with(fields.length - 2, ['no at sign', 'two@@shop.example', 'user@', '@shop.example'][i % 4]!),
  },
  // No rule refuses it: the shop books the sale and infers the customer.
  ofTransactions('orphan', 'known_customer', (fields, i) => fields.with(18, `Stranger${i}`)),
]

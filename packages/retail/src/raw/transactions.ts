import { fn } from '@deltaworks/expression'
import { bigint, csvFiles, date, decimal, defineTable, integer, string } from '@deltaworks/lakehouse/definitions'
import { transactionRules } from '../quality/transaction-rules.js'
import { customers } from './customers.js'

/** Order lines as landed. A negative amount is a refund. `NA` is a territory (North America), not a missing value. */
export const transactions = defineTable({
  name: 'transactions',
  layer: 'raw',
  description: 'Order lines and refunds, as landed.',
  columns: {
    order_number: bigint().from('ORDERNUMBER'),
    quantity: integer().from('QUANTITYORDERED'),
    order_line_number: integer().from('ORDERLINENUMBER'),
    total_amount: decimal(12, 2).from('TOTAL_AMOUNT'),
    order_date: date().from('ORDERDATE').pattern('M/d/yyyy H:mm'),
    quarter_id: integer().from('QTR_ID'),
    month_id: integer().from('MONTH_ID'),
    year_id: integer().from('YEAR_ID').describe('does not agree with order_date; kept as landed'),
    product_code: string().from('PRODUCTCODE'),
    company_name: string().from('CUSTOMERNAME'),
    phone: string().from('PHONE').pii('phone'),
    address_line_1: string().from('ADDRESSLINE1').pii('address'),
    address_line_2: string().from('ADDRESSLINE2').pii('address'),
    city: string().from('CITY'),
    state: string().from('STATE'),
    postal_code: string().from('POSTALCODE'),
    country: string().from('COUNTRY'),
    territory: string().from('TERRITORY'),
    contact_last_name: string().from('CONTACTLASTNAME').pii('name'),
    contact_first_name: string().from('CONTACTFIRSTNAME').pii('name'),
    deal_size: string().from('DEALSIZE'),
    order_month: string().derived().describe('yyyy-MM of order_date'),
    transaction_id: bigint()
      .derived()
      .describe('xxhash64 of what identifies an order line: equal for a line that was sent twice'),
  },
  partitionBy: ['order_month'],
  source: csvFiles('**de_shop_transactions_*.csv'),
  derive: (landed) =>
    landed.withColumns((c) => ({
      order_month: fn.date_format(c.order_date, 'yyyy-MM'),
      transaction_id: fn.xxhash64(
        c.order_number,
        c.order_line_number,
        c.product_code,
        c.quantity,
        c.total_amount,
        c.order_date,
      ),
    })),
  from: { customers },
  quality: transactionRules,
  maintenance: { zorderBy: ['order_number'] },
  warehouse: false,
})

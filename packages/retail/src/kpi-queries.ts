/** A question about the business, in SQL that DuckDB, PostgreSQL, Redshift, Snowflake and our own engine read alike. */
export interface KpiQuery {
  readonly name: string
  readonly question: string
  readonly sql: string
}

/** Questions that reports and dashboards ask of the loaded star schema; each gives its rows in an order of its own. */
export const kpiQueries: readonly KpiQuery[] = [
  {
    name: 'revenue_by_month',
    question: 'What was sold each month, and how does it compare with the month before?',
    sql: `SELECT order_month, SUM(total_amount) AS revenue, COUNT(DISTINCT order_number) AS orders,
  SUM(total_amount) - LAG(SUM(total_amount)) OVER (ORDER BY order_month) AS change_to_month_before
FROM fact_transactions WHERE transaction_type = 'SALE' GROUP BY order_month ORDER BY order_month`,
  },
  {
    name: 'revenue_by_fiscal_quarter',
    question: 'What was sold each fiscal quarter?',
    sql: `SELECT d.fiscal_year, d.fiscal_quarter, SUM(f.total_amount) AS revenue, SUM(f.quantity) AS pieces
FROM fact_transactions AS f JOIN dim_date AS d ON d.date_key = f.order_date
WHERE f.transaction_type = 'SALE' GROUP BY d.fiscal_year, d.fiscal_quarter ORDER BY d.fiscal_year, d.fiscal_quarter`,
  },
  {
    name: 'refunds_by_territory',
    question: 'How many lines come back, and which fees do they bring?',
    sql: `SELECT territory, COUNT(*) AS lines, SUM(CASE WHEN transaction_type = 'REFUND' THEN 1 ELSE 0 END) AS refunded,
  SUM(restocking_fee) AS fees FROM fact_transactions GROUP BY territory ORDER BY COALESCE(territory, '')`,
  },
  {
    name: 'best_customers',
    question: 'Who are the twenty best customers, and where are they?',
    sql: `SELECT f.customer_name, MIN(c.country) AS country, SUM(f.total_amount) AS revenue, COUNT(DISTINCT f.order_number) AS orders
FROM fact_transactions AS f LEFT JOIN dim_customer AS c ON c.customer_key = f.customer_key AND c.is_current
WHERE f.transaction_type = 'SALE' GROUP BY f.customer_name ORDER BY revenue DESC, f.customer_name LIMIT 20`,
  },
  {
    name: 'best_products',
    question: 'Which ten products of each line sell best?',
    sql: `SELECT product_line, product_code, revenue, place FROM (
  SELECT p.product_line, f.product_code, SUM(f.total_amount) AS revenue,
    ROW_NUMBER() OVER (PARTITION BY p.product_line ORDER BY SUM(f.total_amount) DESC, f.product_code) AS place
  FROM fact_transactions AS f JOIN dim_product AS p ON p.product_key = f.product_code
  WHERE f.transaction_type = 'SALE' GROUP BY p.product_line, f.product_code) AS ranked
WHERE place <= 10 ORDER BY product_line, place`,
  },
  {
    name: 'customers_by_segment',
    question: 'How many customers are in each segment, and what do they spend?',
    sql: `SELECT customer_segment, COUNT(*) AS customers, SUM(total_spent) AS spent
FROM customer_segments GROUP BY customer_segment ORDER BY customer_segment`,
  },
  {
    name: 'large_orders',
    question: 'Which share of the lines is large, by deal size?',
    sql: `SELECT deal_size, COUNT(*) AS lines, SUM(CASE WHEN is_large_order THEN 1 ELSE 0 END) AS large
FROM fact_transactions GROUP BY deal_size ORDER BY deal_size`,
  },
]

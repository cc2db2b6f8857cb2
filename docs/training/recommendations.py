"""What may a customer buy next? Products that were bought together, beside those that sell best.

usage: python recommendations.py LAKE [--top 10]

Each customer's last order is held out: how many of its products are among the recommended ones?
"""

import argparse
import json

import numpy as np
import pandas as pd

from lake import frame, table, write_predictions

parser = argparse.ArgumentParser()
parser.add_argument("lake")
parser.add_argument("--top", type=int, default=10)
options = parser.parse_args()

facts = table(options.lake, "processed/fact_transactions")
lines = frame(
    facts,
    ["customer_name", "order_number", "order_date", "product_code"],
    filters=[("transaction_type", "=", "SALE")],
).dropna()
orders = lines.groupby(["customer_name", "order_number"])["order_date"].min().reset_index()
last = orders.sort_values("order_date").groupby("customer_name")["order_number"].last()
held = lines[lines["order_number"].eq(lines["customer_name"].map(last))]
before = lines[~lines.index.isin(held.index)]

bought = pd.crosstab(before["order_number"], before["product_code"]).clip(upper=1)
together = (bought.T @ bought).to_numpy(dtype=float, copy=True)
np.fill_diagonal(together, 0)
baskets = pd.crosstab(before["customer_name"], before["product_code"]).reindex(columns=bought.columns, fill_value=0)
scores = pd.DataFrame(baskets.to_numpy(dtype=float) @ together, index=baskets.index, columns=bought.columns)
best_sellers = list(bought.sum().sort_values(ascending=False).index[: options.top])
recommended = {customer: list(row.nlargest(options.top).index) for customer, row in scores.iterrows()}

wanted = held.groupby("customer_name")["product_code"].apply(set)
shared = [customer for customer in wanted.index if customer in recommended]
found = lambda offers: round(float(np.mean([len(wanted[c] & set(offers(c))) / len(wanted[c]) for c in shared])), 4)
predictions = pd.DataFrame(
    [
        (str(customer), place + 1, str(product))
        for customer, products in recommended.items()
        for place, product in enumerate(products)
    ],
    columns=["customer_name", "place", "product_code"],
)
written = write_predictions(
    options.lake, "recommendations", predictions, {"processed/fact_transactions": facts}
)
print(
    json.dumps(
        {
            "customers": len(shared),
            "share_found": found(lambda customer: recommended[customer]),
            "best_sellers": found(lambda customer: best_sellers),
            "version": written.version(),
        }
    )
)

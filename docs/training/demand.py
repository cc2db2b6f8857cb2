"""How much will be sold next month? A regression on the months before, beside "as in the month before".

usage: python demand.py LAKE [--held-out 6]
"""

import argparse
import json

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from lake import frame, table, write_predictions

parser = argparse.ArgumentParser()
parser.add_argument("lake")
parser.add_argument("--held-out", type=int, default=6)
options = parser.parse_args()

facts = table(options.lake, "processed/fact_transactions")
sales = frame(facts, ["order_month", "product_line", "quantity"], filters=[("transaction_type", "=", "SALE")])
monthly = sales.groupby(["product_line", "order_month"])["quantity"].sum().unstack(fill_value=0).stack()
demand = monthly.rename("quantity").reset_index().sort_values(["product_line", "order_month"])

# All that is known of a month before it begins.
by_line = demand.groupby("product_line")["quantity"]
for lag in (1, 2, 3):
    demand[f"lag_{lag}"] = by_line.shift(lag)
demand["mean_so_far"] = by_line.transform(lambda line: line.shift(1).expanding().mean())
demand["month"] = demand["order_month"].str[5:].astype(int)
demand["winter"] = demand["month"].isin([10, 11]).astype(int)
demand = demand.dropna()

months = sorted(demand["order_month"].unique())
known = demand[demand["order_month"] < months[-options.held_out]]
held = demand[demand["order_month"] >= months[-options.held_out]]
columns = ["lag_1", "lag_2", "lag_3", "mean_so_far", "winter"]
model = Ridge(alpha=10.0).fit(known[columns], known["quantity"])
told = np.clip(model.predict(held[columns]), 0, None)

predictions = pd.DataFrame(
    {
        "product_line": held["product_line"].astype(str),
        "order_month": held["order_month"].astype(str),
        "predicted_quantity": told,
        "quantity": held["quantity"].astype("int64"),
    }
)
written = write_predictions(
    options.lake, "demand_predictions", predictions, {"processed/fact_transactions": facts}
)
error = lambda guess: round(float(np.abs(guess - held["quantity"]).mean()), 2)
print(
    json.dumps(
        {
            "months": len(months),
            "mean_absolute_error": error(told),
            "as_in_the_month_before": error(held["lag_1"]),
            "version": written.version(),
        }
    )
)

"""Which segment will a customer be of? Told from the orders of its first time alone.

usage: python segments.py LAKE [--as-of YYYY-MM-DD]

Features are as they stood on that day (half a year before the last order): only orders until then are looked at. The label is what the published table says today.
"""

import argparse
import json

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from lake import frame, table, write_predictions

parser = argparse.ArgumentParser()
parser.add_argument("lake")
parser.add_argument("--as-of", type=pd.Timestamp)
options = parser.parse_args()

facts = table(options.lake, "processed/fact_transactions")
segments = table(options.lake, "analytics/customer_segments")
as_of = options.as_of
if as_of is None:
    as_of = pd.to_datetime(frame(facts, ["order_date"])["order_date"]).max() - pd.DateOffset(months=6)

lines = frame(
    facts,
    ["customer_name", "order_number", "product_code", "order_date", "net_amount", "transaction_type"],
    filters=[("order_date", "<=", as_of.date())],
)
if lines.empty:
    raise SystemExit(f"There are no orders until {as_of.date()}: give a later day by --as-of.")
lines["order_date"] = pd.to_datetime(lines["order_date"])
lines["refunded"] = lines["transaction_type"].eq("REFUND")
features = lines.groupby("customer_name").agg(
    spent=("net_amount", "sum"),
    orders=("order_number", "nunique"),
    lines=("order_number", "size"),
    products=("product_code", "nunique"),
    largest=("net_amount", "max"),
    refunded=("refunded", "mean"),
    last=("order_date", "max"),
)
features["days_since"] = (as_of - features.pop("last")).dt.days

labels = frame(segments, ["customer_name", "customer_segment"]).set_index("customer_name")
training = features.join(labels, how="inner")
x, y = training.drop(columns="customer_segment"), training["customer_segment"]

model = RandomForestClassifier(n_estimators=200, min_samples_leaf=2, random_state=1)
folds = StratifiedKFold(n_splits=min(5, int(y.value_counts().min())), shuffle=True, random_state=1)
told = cross_val_predict(model, x, y, cv=folds)
probabilities = model.fit(x, y).predict_proba(x)

predictions = pd.DataFrame(
    {
        "customer_name": x.index.astype(str),
        "predicted_segment": told,
        "confidence": probabilities.max(axis=1),
        "as_of": [as_of.date()] * len(x),
    }
)
written = write_predictions(
    options.lake,
    "segment_predictions",
    predictions,
    {"processed/fact_transactions": facts, "analytics/customer_segments": segments},
)
print(
    json.dumps(
        {
            "customers": len(x),
            "accuracy": round(float((told == y).mean()), 4),
            "always_the_commonest": round(float(y.value_counts(normalize=True).max()), 4),
            "version": written.version(),
        }
    )
)

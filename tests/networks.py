"""Rows of trained networks that nobody trained: the recorded ones, and as many more as a session of training adds."""

import copy

from analysis import record

CLASSES = 10


def recorded():
    """Rows of the record: those trained as the first one, one for each network, without what was measured later."""
    rows, found = record.load("accuracy_of_learned_networks")["rows"], {}
    for row in rows:
        same = [row["preset"], row["setting"]["recipe"]] == [rows[0]["preset"], rows[0]["setting"]["recipe"]]
        if same and row["setting"]["width"] in (rows[0]["setting"]["width"], 1.0):
            found.setdefault(row["network"], row | {"blocks": [_block(block) for block in row["blocks"]]})
    return [*found.values()]


def _block(block):
    names = ("layer", "energy", "mean_energy", "within_class_variance", "between_class_variance")
    return {name: block[name] for name in (*names, "fisher_trace", "zeros")}


def row_like(row, *, right=0.5, preset="invented", seed=0, epochs=3, **setting):
    """A row as that of another network, with this share of test images right after the last epoch."""
    row = copy.deepcopy(row)
    row["setting"] |= setting
    row["setting"]["recipe"] |= {"seed": seed, "epochs": epochs}
    named = row["setting"]
    terms, mixing = "equal terms" * (named["terms"] == "equal"), "real mixing" * (named.get("mixing") == "real")
    row["network"] = ", ".join(filter(None, (named["nonlinearity"], "skip" * named["skip"], terms, mixing)))
    split = {part: {str(label): 100 for label in range(CLASSES)} for part in ("train", "test")}
    accuracies = [right * (1 - 0.5 ** (1 + epoch)) for epoch in range(epochs - 1)] + [right]
    row |= {"preset": preset, "table": "2", "split": split, "train_accuracy": min(1.0, right + 0.05)}
    return row | {"accuracy": [right, right - 0.01, right + 0.01], "test_accuracy_of_epochs": accuracies}


def grown():
    """The recorded rows, and 20 networks with two seeds each."""
    rows = record.load("accuracy_of_learned_networks")["rows"]
    like = next(row for row in rows if row["setting"]["network"] == "learned scattering")
    options = {"width": 1 / 8, "images": None, "tested": None, "mixing": "real", "epochs": 12}
    for skip in (False, True):
        for name in ("phase collapse", "soft threshold", "sigmoid", "unit amplitude", "tanh", "identity"):
            for terms in ("published", "equal")[: 1 if name in ("phase collapse", "unit amplitude") else 2]:
                for seed in (0, 1):
                    right = (0.8 if name == "phase collapse" else 0.4) + (len(rows) % 40) / 500
                    here = {"nonlinearity": name, "skip": skip, "terms": terms, "seed": seed}
                    rows.append(row_like(like, right=right, **here, **options))
    return rows

"""Fits body mass (g) to flipper length (mm) for one species by least squares.

Takes its arguments from the JSON file named by $MEMODAG_INPUTS, leaves its result in the one named by
$MEMODAG_RESULT, and needs nothing but Python's standard library.
"""

import json
import os


def fit_line(points):
    """Slope, and the share of the variance that the line explains."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    sxx = sum((x - mean_x) ** 2 for x, _ in points)
    sxy = sum((x - mean_x) * (y - mean_y) for x, y in points)
    syy = sum((y - mean_y) ** 2 for _, y in points)
    return sxy / sxx, sxy**2 / (sxx * syy)


def main():
    with open(os.environ["MEMODAG_INPUTS"], encoding="utf-8") as file:
        inputs = json.load(file)
    species = inputs["species"]
    points = [
        (penguin["flipperLengthMm"], penguin["bodyMassG"])
        for penguin in inputs["penguins"]
        if penguin["species"] == species
    ]
    slope, r2 = fit_line(points)
    print(f"{species}: {slope:.1f} g for each mm of {len(points)} penguins")
    result = {
        "species": species,
        "penguins": len(points),
        "gramsPerMm": round(slope, 2),
        "r2": round(r2, 3),
    }
    with open(os.environ["MEMODAG_RESULT"], "w", encoding="utf-8") as file:
        json.dump(result, file, allow_nan=False)


if __name__ == "__main__":
    main()

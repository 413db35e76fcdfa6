"""The rules of the house that no linter knows: sizes, names, places where dangerous things may stand."""

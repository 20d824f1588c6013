"""The papers' tables of ablations: what was printed, and what is measured here."""

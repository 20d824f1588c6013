"""How a trained model bears pictures that are turned, blurred, covered, dark; and how still its landmarks stand.

``measure.measure_robustness`` measures, ``write.write_robustness`` writes what was found.
"""

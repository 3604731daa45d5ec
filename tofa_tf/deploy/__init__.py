"""From a trained supernet to models for scenarios and boards, and the report on them."""

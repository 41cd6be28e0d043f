"""The benchmark: this gateway beside its peers, on the same upstream, with the same question and the same answer."""

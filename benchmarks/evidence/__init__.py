"""The method's claims against what one would do instead: experiments as values, one runner."""

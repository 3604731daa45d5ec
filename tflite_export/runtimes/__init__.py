"""The runtimes that models are checked in and compiled by: LiteRT, TFLite Micro, Vela."""

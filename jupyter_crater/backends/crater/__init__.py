"""The Crater platform's REST API as a backend. Facts of the API stand where they are used."""

"""The public listener: what products, administrators and monitors call.

`gateway.app` serves the application that this room builds; no other room knows HTTP requests.
"""

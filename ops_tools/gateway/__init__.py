"""The spacecraft's radio for mission control systems, ground stations and test benches of others."""

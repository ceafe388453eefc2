"""pyserial URL handlers: `sim://NAME?world=KEY` opens an emulated instrument exactly as a real port is opened."""

"""The one-file model and the runtime that needs neither torch nor streamlit."""

"""The pages of the dashboard: layout only. Streamlit would take a folder called "pages" for its own."""

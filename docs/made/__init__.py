"""What the build of the documentation makes: pictures of pages, and tables of the code."""

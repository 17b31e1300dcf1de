"""What several tests are made of; a package of its own, since an installed one (mkdocs-material) bears the name too."""

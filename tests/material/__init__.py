"""What tests are made of; without this file, an installed package of the same name (mkdocs-material) would hide it."""

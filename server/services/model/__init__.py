"""What the model and a school say: releases, settings, what is in force."""

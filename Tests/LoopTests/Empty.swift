// Filled by the tests of this tier.

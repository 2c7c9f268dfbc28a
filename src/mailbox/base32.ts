/** The characters of RFC 4648 section 6, in lower case: five bits each. */
export const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

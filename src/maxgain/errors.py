"""The one exception a user meets: bad input, said in one sentence."""


class InputError(Exception):
    """Bad configuration, file, URL, weights or argument.

    The message is one sentence that names the key or file, the value found and the values
    allowed. The command line prints it without a traceback and exits with status 2.

    Examples
    --------
    >>> import maxgain
    >>> try:
    ...     maxgain.impulse_image(3, 0, 32)
    ... except InputError as error:
    ...     print(error)
    height is 0; it must be at least 1.
    """

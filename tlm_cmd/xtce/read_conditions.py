"""Conditions and amounts: comparisons, lists of them, Boolean expressions, and numbers that follow from parameters.

XTCE's elements are ``Comparison``, ``ComparisonList`` and ``BooleanExpression``; ``FixedValue``, ``DynamicValue`` and
``DiscreteLookupList``.
"""

from __future__ import annotations

from tlm_cmd.xtce.budget import MAX_CASES
from tlm_cmd.xtce.model import AllOf, Amount, AnyOf, Comparison, Condition, Operator, Reference
from tlm_cmd.xtce.names import NO_SIZE, Names
from tlm_cmd.xtce.xml_document import Node

MAX_ADJUSTMENT = 1 << 32
"""Greatest slope and intercept of a size, and one over it the least: nothing overflows that is worked out with them."""

_OPERATORS = {operator.value: operator for operator in Operator}
_MATCHES = ("Comparison", "ComparisonList", "BooleanExpression")


class ConditionReader:
    """Reads what stands in one space system."""

    def __init__(self, names: Names, system: str) -> None:
        self._names, self._system = names, system

    def match(self, node: Node) -> Condition:
        """The condition within a RestrictionCriteria, IncludeCondition, ContextMatch and the like.

        Raises:
            XtceError: there is none, or it is of a kind that is not supported.
        """
        node.only(*_MATCHES)
        return self._match(node.one(*_MATCHES))

    def reference(self, node: Node) -> Reference:
        """What a ParameterInstanceRef or an ArgumentInstanceRef means."""
        if node.tag == "ArgumentInstanceRef":
            calibrated = node.flag("useCalibratedValue", default=True)
            return Reference(name=node.get("argumentRef"), calibrated=calibrated, line=node.line)
        return self._names.reference(node, self._system)

    def amount(self, node: Node) -> Amount:
        """The number within a SizeInBits, a Count, an index and the like.

        Raises:
            XtceError: there is none, or it is of a kind that is not supported.
        """
        kind = node.one("FixedValue", "DynamicValue", "DiscreteLookupList")
        if kind.tag == "FixedValue":
            return Amount(intercept=kind.as_integer(kind.text))
        if kind.tag == "DynamicValue":
            return self.dynamic(kind)
        return self._cases(kind)

    def dynamic(self, node: Node) -> Amount:
        """The number that a DynamicValue tells."""
        node.only("ParameterInstanceRef", "ArgumentInstanceRef", "LinearAdjustment")
        reference = self.reference(node.one("ParameterInstanceRef", "ArgumentInstanceRef"))
        adjustment = node.find("LinearAdjustment")
        if adjustment is None:
            return Amount(reference)
        slope, intercept = adjustment.number("slope", 1.0), adjustment.number("intercept", 0.0)
        for value in (slope, intercept):
            if value and not 1 / MAX_ADJUSTMENT <= abs(value) <= MAX_ADJUSTMENT:
                raise adjustment.error(f"{value} is out of range, allowed are 1/{MAX_ADJUSTMENT} to {MAX_ADJUSTMENT}")
        return Amount(reference, slope, intercept)

    def is_ignored(self, node: Node) -> bool:
        """Whether a DynamicValue is only there because XTCE demands one."""
        reference = node.find("ParameterInstanceRef")
        return reference is not None and reference.attributes.get("parameterRef") == NO_SIZE

    def _cases(self, node: Node) -> Amount:
        node.only("DiscreteLookup")
        if len(node.children) > MAX_CASES:
            raise node.error(f"has {len(node.children)} cases, allowed are {MAX_CASES}")
        cases = []
        for case in node.children:
            case.only(*_MATCHES)
            cases.append((self._match(case.one(*_MATCHES)), case.integer("value")))
        if not cases:
            raise node.error("has no DiscreteLookup")
        return Amount(cases=tuple(cases))

    def _match(self, node: Node) -> Condition:
        match node.tag:
            case "Comparison":
                return self._comparison(node)
            case "ComparisonList":
                node.only("Comparison")
                return self._together(node, [self._comparison(child) for child in node.children])
            case "BooleanExpression" if len(node.children) == 1:
                return self._expression(node.children[0])
        raise node.error("needs exactly one condition")

    def _expression(self, node: Node) -> Condition:
        match node.tag:
            case "Condition":
                return self._condition(node)
            case "ANDedConditions":
                return self._together(node, [self._expression(child) for child in node.children])
            case "ORedConditions":
                conditions = [self._expression(child) for child in node.children]
                if not conditions:
                    raise node.error("has no condition")
                return AnyOf(tuple(conditions))
        raise node.unsupported()

    def _together(self, node: Node, conditions: list[Condition]) -> Condition:
        if not conditions:
            raise node.error("has no condition")
        return conditions[0] if len(conditions) == 1 else AllOf(tuple(conditions))

    def _comparison(self, node: Node) -> Comparison:
        operator = self._operator(node, node.attributes.get("comparisonOperator", "=="))
        return Comparison(self._names.reference(node, self._system), operator, node.get("value"))

    def _condition(self, node: Node) -> Comparison:
        node.only("ParameterInstanceRef", "ComparisonOperator", "Value")
        references = [self.reference(child) for child in node.all("ParameterInstanceRef")]
        value = node.find("Value")
        operator = self._operator(node, node.one("ComparisonOperator").text)
        if value is None and len(references) == 2:
            return Comparison(references[0], operator, references[1])
        if value is not None and len(references) == 1:
            return Comparison(references[0], operator, value.text)
        raise node.error("compares a parameter with a value, or with another parameter")

    def _operator(self, node: Node, text: str) -> Operator:
        operator = _OPERATORS.get(text.strip())
        if operator is None:
            raise node.error(f"{text!r} is no comparison, allowed are {', '.join(_OPERATORS)}")
        return operator

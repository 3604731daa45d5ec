from absl.testing import absltest, parameterized

from tflite_export.common.errors import TofaError
from tflite_export.common.settings import keys_of
from tflite_export.convert.quantization_settings import (
    Int8Settings,
    Method,
    QatSettings,
    Quantization,
)
from tflite_export.exporting.export_job import ExportJob
from tofa_tf.deploy.settings import DeploySettings


class QuantizationSettingsTest(parameterized.TestCase):
    def test_both_commands_have_the_same(self):
        own = keys_of(Int8Settings)
        for command in (ExportJob, DeploySettings):
            keys = keys_of(command)
            self.assertEqual({name: keys[name] for name in own}, own)

    def test_what_is_set_is_what_is_asked_for(self):
        self.assertEqual(Int8Settings().asked(), Quantization())
        set_all = Int8Settings("auto", 2).asked(seed=7)
        self.assertEqual(set_all, Quantization(Method.AUTO, 2.0, QatSettings(seed=7)))

    @parameterized.parameters(
        (Int8Settings, "int4", 0.5, "quantization is 'int4': available: auto, ptq, qat"),
        (Int8Settings, "auto", -1.0, "tolerance is -1.0: it must lie between 0 and 100"),
        (Quantization, Method.AUTO, 101.0, "tolerance=101: percentage points from 0 to 100"),
    )
    def test_bad_settings_are_refused(self, settings, method, tolerance, message):
        with self.assertRaisesRegex(TofaError, message):
            settings(method, tolerance)

    @parameterized.parameters(
        ({"steps": -1}, "steps=-1: a whole number of at least 1"),
        ({"batch": 0}, "batch=0: a whole number of at least 1"),
        ({"seed": 1.5}, "seed=1.5: a whole number of at least 0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan: a number from 0 on"),
    )
    def test_trainings_that_cannot_be_are_refused(self, values, message):
        with self.assertRaisesRegex(TofaError, message):
            QatSettings(**values)


if __name__ == "__main__":
    absltest.main()
